/* Sorting, a filter by verdict, search, and links that open what they lead to. All that is shown is
 * in the page already: without this it is read as it stands. */
(function () {
  'use strict';

  const body = document.querySelector('#endpoints tbody');
  const rows = body ? Array.from(body.rows) : [];
  const verdict = document.getElementById('verdict');
  const search = document.getElementById('search');
  const matched = document.getElementById('matched');

  /* ---- filter and search */

  const texts = new Map(rows.map(row => [row, row.textContent.toLowerCase()]));

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const fits = (!verdict.value || row.dataset.verdict === verdict.value) &&
        words.every(word => texts.get(row).includes(word));
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    const all = !verdict.value && words.length === 0;
    matched.textContent = all ? '' :
      shown === 0 ? 'Nothing matches.' : `${shown} of ${rows.length} endpoints`;
  }

  function offer() {
    const counts = new Map();
    for (const row of rows) {
      const word = row.querySelector('.word').textContent;
      const [, count] = counts.get(row.dataset.verdict) || [word, 0];
      counts.set(row.dataset.verdict, [word, count + 1]);
    }
    for (const [key, [word, count]] of counts)
      verdict.add(new Option(`${word} (${count})`, key));
    document.getElementById('controls').hidden = false;
    verdict.addEventListener('change', filter);
    search.addEventListener('input', filter);
    filter();
  }

  document.addEventListener('keydown', event => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
    } else if (event.key === 'Escape' && event.target === search) {
      search.value = '';
      filter();
    }
  });

  /* ---- sorting */

  function valueOf(row, column, kind) {
    const cell = row.cells[column];
    if (!cell) return null;
    if (kind === 'text') return cell.textContent.toLowerCase();
    return cell.dataset.v === undefined ? null : Number(cell.dataset.v);
  }

  /* What has no value comes last in both directions; equals stay as they were. */
  function compare(a, b, way) {
    if (a === null || b === null) return (a === null) - (b === null);
    return a < b ? -way : a > b ? way : 0;
  }

  function sort(head, column) {
    const table = head.closest('table'), place = table.tBodies[0], kind = head.dataset.sort;
    const before = head.getAttribute('aria-sort');
    /* Figures begin with the largest, but ranks and names with the first. */
    const first = kind === 'text' || head.dataset.first === 'up' ? 'ascending' : 'descending';
    const next = before === null ? first : before === 'ascending' ? 'descending' : 'ascending';
    const keyed = Array.from(place.rows, row => [valueOf(row, column, kind), row]);
    keyed.sort((a, b) => compare(a[0], b[0], next === 'ascending' ? 1 : -1));
    for (const other of head.parentElement.cells) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', next);
    place.append(...keyed.map(pair => pair[1]));
  }

  for (const table of document.querySelectorAll('table.sortable'))
    Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
      if (!head.dataset.sort) return;
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = head.textContent;
      if (head.textContent === 'Verdict') head.dataset.first = 'up';
      head.replaceChildren(button);
      button.addEventListener('click', () => sort(head, column));
    });

  /* ---- links to a place */

  function follow() {
    let target = null;
    try {
      target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    } catch { /* no place of ours */ }
    if (!target) return;
    for (let one = target; one; one = one.parentElement)
      if (one.tagName === 'DETAILS') one.open = true;
    target.scrollIntoView();
    const focus = target.tagName === 'DETAILS' ? target.querySelector('summary') : null;
    if (focus) focus.focus({preventScroll: true});
  }

  window.addEventListener('hashchange', follow);
  document.addEventListener('click', event => {
    /* The same place again: no change of the address, and it may have been closed since. */
    const link = event.target.closest && event.target.closest('a[href^="#"]');
    if (link && link.hash === location.hash) follow();
  });

  /* ---- paper: everything, as it stood afterwards */

  let closed = [];
  window.addEventListener('beforeprint', () => {
    closed = Array.from(document.querySelectorAll('details:not([open])'));
    for (const one of closed) one.open = true;
  });
  window.addEventListener('afterprint', () => {
    for (const one of closed) one.open = false;
    closed = [];
  });

  if (rows.length > 0) offer();
  follow();
})();
