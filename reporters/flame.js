'use strict';
/* Makes the page's flame graph one to walk through. All text comes into the page as text. What is
 * chosen is in the address, so that a view can be passed on. */
(() => {
  const ROW = 21, HEIGHT = 20, TEXT = 14, MARK = 4;   // pixels, as in flame_picture.c
  const NARROWEST = 0.7, LABELLED = 26, PADDING = 4;  // pixels
  const WORTH = 0.001, DEVIATIONS = 3;                // as in flame_view.c
  const ROWS = 20;                                    // of the table
  const NONE = -1, ALL = -1, HEAD = 0, BASE = 1;
  const SVG = 'http://www.w3.org/2000/svg';

  const data = JSON.parse(document.getElementById('data').textContent);
  const element = id => document.getElementById(id);
  const graph = element('graph'), details = element('details'), search = element('search');

  const chosen = {view: 0, endpoint: ALL, side: '', zoom: 0, search: ''};
  let view, tree, sums, current = 0, letters = 7.25;

  /* ---- figures as words; as in format.c ---------------------------------------------------- */

  const scaled = (value, names, sizes, step) => {
    let at = 0;
    const digits = v => { const a = Math.abs(v); return a < 9.995 ? 2 : a < 99.95 ? 1 : 0; };
    while (at + 1 < names.length &&
           Math.abs(value / sizes[at]) >= step - 0.5 * 10 ** -digits(value / sizes[at]))
      at++;
    const shown = value / sizes[at];
    return shown.toFixed(digits(shown)) + '\u00a0' + names[at];
  };
  const near = (value, slack) => Math.abs(value - Math.round(value)) < slack;
  const worded = {
    ns: v => scaled(v, ['ns', '\u00b5s', 'ms', 's'], [1, 1e3, 1e6, 1e9], 1000),
    bytes: v => v < 1023.5 ? v.toFixed(near(v, 0.05) ? 0 : 1) + '\u00a0B'
      : scaled(v / 1024, ['KiB', 'MiB', 'GiB', 'TiB'], [1, 2 ** 10, 2 ** 20, 2 ** 30], 1024),
    count: v => v >= 9999.5
      ? scaled(v / 1000, ['k', 'M', 'G', 'T'], [1, 1e3, 1e6, 1e9], 1000)
      : v >= 999.5 || near(v, 0.005) ? v.toFixed(0) : v.toFixed(v < 100 ? 2 : 1),
  };
  const figure = value => value === 0 ? '0' : worded[view.unit](Math.abs(value));
  const percent = share => {
    const value = 100 * share;
    return (value < 0.095 && value > 0 ? value.toFixed(2)
      : value < 99.95 ? value.toFixed(1) : value.toFixed(0)) + '\u00a0%';
  };
  const signed = value => (value < 0 ? '\u2212' : '+') + figure(value);
  const change = (head, base) => {
    if (head <= 0 && base <= 0) return '=';
    if (base <= 0) return 'new';
    if (head <= 0) return 'gone';
    const ratio = head / base;
    if (ratio >= 100) return '\u00d7' + ratio.toFixed(0);
    const value = 100 * (ratio - 1);
    return (value < 0 ? '\u2212' : '+') +
      Math.abs(value).toFixed(Math.abs(value) < 99.95 ? 1 : 0) + '\u00a0%';
  };

  /* ---- the tree's figures for what is chosen ------------------------------------------------ */

  const sides = () => (tree.endpoints[0] || {costs: []}).costs.length > 1 + tree.columns ? 2 : 1;

  /* Adds what one endpoint spent; a sampled figure scatters as its count of samples does. */
  const addEndpoint = (endpoint, weight) => {
    const nodes = endpoint.costs[0];
    for (let side = 0; side < sums.sides; side++) {
      const column = index => endpoint.costs[1 + side * tree.columns + index];
      const values = column(view.column);
      const samples = view.samples === NONE ? null : column(view.samples);
      for (let i = 0; i < nodes.length; i++) {
        const value = weight * values[i];
        sums.self[side][nodes[i]] += value;
        if (samples && samples[i] > 0)
          sums.own[nodes[i]] += value * value / (samples[i] * endpoint.requests[side]);
      }
    }
  };

  const sumUp = () => {
    const parents = tree.nodes.parent, count = parents.length;
    const zeros = () => new Float64Array(count);
    sums = {sides: sides(), self: [zeros(), zeros()], own: zeros()};
    tree.endpoints.forEach((endpoint, i) => {
      if (chosen.endpoint === ALL) addEndpoint(endpoint, endpoint.weight);
      else if (chosen.endpoint === i) addEndpoint(endpoint, 1);
    });
    sums.total = sums.self.map(values => values.slice());
    sums.variance = sums.own.slice();
    sums.width = zeros();
    for (let i = 0; i < count; i++)
      sums.width[i] = chosen.side === 'head' ? sums.self[HEAD][i]
        : chosen.side === 'base' ? sums.self[BASE][i]
          : Math.max(sums.self[HEAD][i], sums.self[BASE][i]);
    for (let i = count - 1; i > 0; i--)
      for (const values of [...sums.total, sums.variance, sums.width])
        values[parents[i]] += values[i];
    sums.whole = Math.max(sums.total[HEAD][0], sums.total[BASE][0]);
    layOut(parents, count);
  };

  const layOut = (parents, count) => {
    const ends = new Float64Array(count);
    sums.left = new Float64Array(count);
    for (let i = 1; i < count; i++) {
      sums.left[i] = ends[i] = ends[parents[i]];
      ends[parents[i]] += sums.width[i];
    }
  };

  /* Positive: grew; negative: shrank; 0: no clear change. */
  const direction = (head, base, variance) => {
    const difference = head - base;
    return Math.abs(difference) > DEVIATIONS * Math.sqrt(variance) &&
      Math.abs(difference) >= WORTH * sums.whole ? Math.sign(difference) : 0;
  };
  const nodeDirection = node => chosen.side !== 'difference' ? 0
    : direction(sums.total[HEAD][node], sums.total[BASE][node], sums.variance[node]);
  /* Pale where only what it calls changed, so that the cause stands out. */
  const level = node => {
    const head = sums.self[HEAD][node], base = sums.self[BASE][node];
    const share = Math.abs(head - base) / sums.whole;
    return direction(head, base, sums.own[node]) !== nodeDirection(node) || share < 0.01 ? 1
      : share < 0.05 ? 2 : 3;
  };

  /* ---- names -------------------------------------------------------------------------------- */

  const frameOf = node => tree.frames[tree.nodes.frame[node]];
  const isLine = node => tree.kind === 'lines' && tree.depths[node] === 2;
  const endpointName = i => i === ALL ? 'all endpoints'
    : tree.endpoints[i].name === null ? tree.left_out + ' further endpoints' : tree.endpoints[i].name;
  const nameOf = node => node === 0 ? endpointName(tree.endpoints.length === 1 ? 0 : chosen.endpoint)
    : !frameOf(node) ? 'small ones'
      : isLine(node) ? 'line ' + tree.nodes.line[node] : frameOf(node)[0];
  const placeOf = node => {
    const frame = frameOf(node), line = tree.nodes.line[node], more = tree.nodes.lines[node] - 1;
    if (!frame) return '';
    const file = frame[1] === null ? '' : frame[1] + (line > 0 ? ':' + line : '') +
      (more > 0 ? ' and ' + more + ' more ' + (more > 1 ? 'lines' : 'line') : '');
    return [file, frame[2]].filter(text => text).join(', ');
  };
  const matches = node => {
    const frame = frameOf(node), wanted = chosen.search.toLowerCase();
    return wanted !== '' && !!frame &&
      frame.slice(0, 3).some(text => text !== null && text.toLowerCase().includes(wanted));
  };

  /* ---- the picture -------------------------------------------------------------------------- */

  const drawn = (name, attributes, parent) => {
    const made = document.createElementNS(SVG, name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    parent.append(made);
    return made;
  };

  const isAbove = (node, below) => {
    for (let at = below; at !== NONE; at = tree.nodes.parent[at])
      if (at === node) return true;
    return false;
  };

  const classOf = node => {
    const way = nodeDirection(node);
    let name = 'frame ' + (chosen.side !== 'difference'
      ? node === 0 ? 'root' : frameOf(node) ? frameOf(node)[3] : 'small'
      : way === 0 ? 'same' : (way > 0 ? 'grew' : 'shrank') + level(node));
    if (node !== chosen.zoom && isAbove(node, chosen.zoom)) name += ' above';
    if (chosen.search !== '') name += matches(node) ? ' found' : ' missed';
    return name;
  };

  const labelOf = (node, pixels) => {
    const way = nodeDirection(node), sign = way > 0 ? '\u25b2 ' : way < 0 ? '\u25bc ' : '';
    const room = Math.floor((pixels - 2 * PADDING) / letters);
    const name = sign + nameOf(node);
    const long = way === 0 ? name
      : name + ' ' + change(sums.total[HEAD][node], sums.total[BASE][node]);
    if (long.length <= room) return long;
    if (name.length <= room) return name;
    return room < 3 ? '' : name.slice(0, room - 1) + '\u2026';
  };

  const described = node => {
    const words = [nameOf(node), figure(sums.total[shownSide()][node]) + ' a request',
      percent(shareOf(node)) + ' of all'];
    if (sums.sides === 2)
      words.push(change(sums.total[HEAD][node], sums.total[BASE][node]) + ' against the base');
    return words.join(', ');
  };
  const shownSide = () => chosen.side === 'base' ? BASE : HEAD;
  const shareOf = node => {
    const all = sums.total[shownSide()][0];
    return all > 0 ? sums.total[shownSide()][node] / all : 0;
  };

  const drawFrame = (picture, node, left, width, pixels) => {
    const way = nodeDirection(node);
    const frame = drawn('svg', {
      class: classOf(node), x: 100 * left + '%', y: ROW * tree.depths[node],
      width: 100 * width + '%', height: HEIGHT, tabindex: '-1', role: 'treeitem',
      'aria-level': tree.depths[node] + 1, 'aria-label': described(node), 'data-node': node,
    }, picture);
    drawn('rect', {width: '100%', height: HEIGHT}, frame);
    if (way !== 0)
      drawn('rect', {class: 'mark', fill: way > 0 ? 'url(#grew)' : 'url(#shrank)',
        y: HEIGHT - MARK, width: '100%', height: MARK}, frame);
    const label = pixels >= LABELLED ? labelOf(node, pixels) : '';
    if (label !== '') drawn('text', {x: PADDING, y: TEXT}, frame).textContent = label;
  };

  const draw = () => {
    const held = graph.contains(document.activeElement);
    const pixels = graph.clientWidth || 1000, zoom = chosen.zoom;
    const whole = sums.width[zoom], from = sums.left[zoom];
    const picture = drawn('svg', {class: 'flame', width: '100%', role: 'tree',
      'aria-label': 'Flame graph: ' + view.title}, document.createDocumentFragment());
    let depth = 0;
    for (let i = 0; i < sums.width.length && whole > 0; i++) {
      const above = i !== zoom && isAbove(i, zoom);
      const left = above ? 0 : (sums.left[i] - from) / whole;
      const width = above ? 1 : sums.width[i] / whole;
      const inside = above || (i >= zoom && i < tree.ends[zoom]);
      if (!inside || width * pixels < NARROWEST) continue;
      drawFrame(picture, i, left, width, width * pixels);
      depth = Math.max(depth, tree.depths[i]);
    }
    picture.setAttribute('height', ROW * (depth + 1));
    graph.replaceChildren(picture);
    if (!(whole > 0)) graph.textContent = 'Nothing was spent here.';
    if (!frameElement(current)) current = zoom;
    mark(held);
  };

  const frameElement = node => graph.querySelector('[data-node="' + node + '"]');

  /* The one frame that the keyboard is at: the others are left out when tabbing. */
  const mark = focus => {
    for (const old of graph.querySelectorAll('[tabindex="0"]')) old.setAttribute('tabindex', '-1');
    frameElement(current)?.setAttribute('tabindex', '0');
    if (focus) frameElement(current)?.focus({preventScroll: true});
  };

  /* ---- details ------------------------------------------------------------------------------ */

  const makeElement = (tag, className, text) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.textContent = text;
    return made;
  };

  const comparison = (head, base, variance) => {
    const way = direction(head, base, variance);
    const difference = head === base ? 'no change'
      : signed(head - base) + ' (' + change(head, base) + ')';
    const words = (way > 0 ? '\u25b2 ' : way < 0 ? '\u25bc ' : '') + difference +
      (way === 0 && head !== base
        ? variance > 0 ? ', within what sampling scatters' : ', too little to matter' : '');
    return makeElement('span', way > 0 ? 'up' : way < 0 ? 'down' : '', words);
  };

  const show = node => {
    const head = sums.total[HEAD][node], base = sums.total[BASE][node];
    const side = shownSide(), all = sums.total[side][0];
    const line = makeElement('div', 'figures', '');
    line.append(figure(sums.total[side][node]) + ' a request, ' +
      percent(all > 0 ? sums.total[side][node] / all : 0) + ' of all; itself ' +
      (sums.self[side][node] > 0 ? figure(sums.self[side][node]) : 'nothing'));
    if (sums.sides === 2) {
      line.append('. Before ' + figure(base) + ': ');
      line.append(comparison(head, base, sums.variance[node]));
    }
    details.replaceChildren(makeElement('span', 'name', nameOf(node)),
      makeElement('div', 'place', placeOf(node)), line);
  };

  /* ---- search ------------------------------------------------------------------------------- */

  /* Of nested matches the outermost counts, so that nothing counts twice. */
  const showMatched = () => {
    const output = element('matched'), parents = tree.nodes.parent;
    const covered = new Uint8Array(parents.length), side = shownSide();
    let sum = 0, count = 0;
    output.textContent = '';
    if (chosen.search === '') return;
    for (let i = 1; i < parents.length; i++) {
      const found = matches(i) && sums.width[i] > 0;
      count += found;
      if (found && !covered[parents[i]]) sum += sums.total[side][i];
      covered[i] = found || covered[parents[i]];
    }
    const all = sums.total[side][0];
    output.textContent = count === 0 ? 'Nothing matches.'
      : percent(all > 0 ? sum / all : 0) + ' of all (' + figure(sum) + ' a request) matches, in ' +
        count + (count === 1 ? ' frame' : ' frames');
  };

  /* ---- the table ---------------------------------------------------------------------------- */

  const listFunctions = () => {
    const rows = new Map(), parents = tree.nodes.parent, frames = tree.nodes.frame;
    for (let i = 1; i < parents.length; i++) {
      const owner = isLine(i) ? parents[i] : i, frame = frames[owner];
      if (frame === NONE) continue;
      if (!rows.has(frame))
        rows.set(frame, {node: owner, self: [0, 0], total: [0, 0], variance: 0});
      const row = rows.get(frame);
      let again = owner !== i;
      for (let at = parents[owner]; at !== NONE && !again; at = parents[at])
        again = frames[at] === frame;
      row.variance += sums.own[i];
      for (const side of [HEAD, BASE]) {
        row.self[side] += sums.self[side][i];
        row.total[side] += again ? 0 : sums.total[side][i];
      }
      if (owner === i && sums.width[i] > sums.width[row.node]) row.node = i;
    }
    const worth = row => chosen.side !== 'difference' ? row.self[shownSide()]
      : direction(row.self[HEAD], row.self[BASE], row.variance) !== 0
        ? sums.whole + Math.abs(row.self[HEAD] - row.self[BASE])
        : Math.max(row.self[HEAD], row.self[BASE]);
    return [...rows.values()].filter(row => worth(row) > 0)
      .sort((a, b) => worth(b) - worth(a)).slice(0, ROWS);
  };

  const addCell = (row, tag, className, text) => {
    const cell = makeElement(tag, className, text);
    row.append(cell);
    return cell;
  };

  const addRow = (body, row) => {
    const line = document.createElement('tr'), side = shownSide();
    const head = addCell(line, 'th', '', ''), all = sums.total[side][0];
    const button = makeElement('button', 'name', nameOf(row.node));
    head.scope = 'row';
    button.type = 'button';
    button.title = 'find it in the graph';
    button.addEventListener('click', () => {
      search.value = chosen.search = frameOf(row.node)[0];
      update({keep: true});
      graph.scrollIntoView({block: 'nearest'});
    });
    head.append(button, makeElement('span', 'place', placeOf(row.node)));
    addCell(line, 'td', 'number', figure(row.self[side]));
    if (chosen.side === 'difference') {
      const way = direction(row.self[HEAD], row.self[BASE], row.variance);
      addCell(line, 'td', 'number wide', figure(row.self[BASE]));
      addCell(line, 'td', 'change ' + (way > 0 ? 'up' : way < 0 ? 'down' : 'quiet'),
        way === 0 ? row.self[HEAD] === row.self[BASE] ? '=' : 'no clear change'
          : (way > 0 ? '\u25b2 ' : '\u25bc ') + change(row.self[HEAD], row.self[BASE]));
    }
    addCell(line, 'td', chosen.side === 'difference' ? 'number wide' : 'number',
      percent(all > 0 ? row.self[side] / all : 0));
    addCell(line, 'td', 'number wide', figure(row.total[side]));
    body.append(line);
  };

  const fillTable = () => {
    const table = element('functions'), head = makeElement('tr', '', '');
    const titles = chosen.side === 'difference'
      ? [['Function', ''], ['Itself', 'number'], ['Before', 'number wide'], ['Change', '']]
      : [['Function', ''], ['Itself', 'number']];
    titles.push(['Share', chosen.side === 'difference' ? 'number wide' : 'number'], ['With calls', 'number wide']);
    for (const [title, className] of titles) addCell(head, 'th', className, title).scope = 'col';
    table.tHead.replaceChildren(head);
    table.tBodies[0].replaceChildren();
    for (const row of listFunctions()) addRow(table.tBodies[0], row);
    element('functions-title').textContent = chosen.side === 'difference'
      ? 'Functions that changed, and the dearest' : 'The dearest functions';
  };

  /* ---- what can be chosen ------------------------------------------------------------------- */

  const fillEndpoints = () => {
    const select = element('endpoint');
    const add = (a, b) => a + b;
    const totals = tree.endpoints.map(one =>
      one.weight * one.costs[1 + view.column].reduce(add, 0)), all = totals.reduce(add, 0);
    const order = totals.map((_, i) => i).sort((a, b) => totals[b] - totals[a]);
    const offer = (value, text) => {
      const option = makeElement('option', '', text);
      option.value = value;
      select.append(option);
    };
    select.replaceChildren();
    if (order.length !== 1) offer(ALL, 'all endpoints');
    for (const i of order)
      offer(i, endpointName(i) + (all > 0 ? ' \u2013 ' + percent(totals[i] / all) : ''));
    select.value = chosen.endpoint;
  };

  const fillChoices = (id, choices, picked, pick) => {
    const group = element(id);
    for (const old of group.querySelectorAll('label')) old.remove();
    group.hidden = choices.length < 2;
    for (const [value, text] of choices) {
      const label = document.createElement('label'), input = document.createElement('input');
      input.type = 'radio';
      input.name = id;
      input.value = value;
      input.checked = String(value) === String(picked);
      input.addEventListener('change', () => pick(value));
      label.append(input, text[0].toUpperCase() + text.slice(1));
      group.append(label);
    }
  };

  /* Another tree has other nodes and endpoints of other numbers. */
  const chooseView = number => {
    const name = chosen.endpoint === ALL ? null : tree.endpoints[chosen.endpoint].name;
    const before = tree;
    chosen.view = number;
    useView();
    chosen.endpoint = name === null ? ALL : tree.endpoints.findIndex(one => one.name === name);
    if (tree !== before) chosen.zoom = current = 0;
    update({});
  };

  const useView = () => {
    view = data.views[chosen.view];
    tree = data.trees[view.tree];
    if (!tree.depths) prepareTree();
    const two = sides() === 2;
    if (!two) chosen.side = 'head';
    else if (!['head', 'base', 'difference'].includes(chosen.side)) chosen.side = 'difference';
  };

  /* The depth of each node, and where those below it end. */
  const prepareTree = () => {
    const parents = tree.nodes.parent;
    tree.depths = parents.map(() => 0);
    tree.ends = parents.map((_, i) => i + 1);
    for (let i = 1; i < parents.length; i++) tree.depths[i] = tree.depths[parents[i]] + 1;
    for (let i = parents.length - 1; i > 0; i--)
      tree.ends[parents[i]] = Math.max(tree.ends[parents[i]], tree.ends[i]);
  };

  const fillControls = () => {
    fillEndpoints();
    fillChoices('figures', data.views.map((one, i) => [i, one.title]), chosen.view, chooseView);
    fillChoices('sides', sides() === 2
      ? [['difference', 'Difference'], ['head', 'Head'], ['base', 'Base']] : [],
    chosen.side, side => {
      chosen.side = side;
      update({});
    });
    element('legend-places').hidden = chosen.side === 'difference';
    element('legend-changes').hidden = chosen.side !== 'difference';
    element('title').textContent = 'Flame graph: ' + view.title;
  };

  const zoomTo = node => {
    chosen.zoom = current = node;
    update({keep: true});
  };

  /* ---- the address -------------------------------------------------------------------------- */

  const writeAddress = () => {
    const words = new URLSearchParams();
    if (chosen.endpoint !== ALL) words.set('endpoint', endpointName(chosen.endpoint));
    if (chosen.view !== 0) words.set('figure', view.key);
    if (sides() === 2 && chosen.side !== 'difference') words.set('show', chosen.side);
    if (chosen.zoom !== 0) words.set('frame', chosen.zoom);
    if (chosen.search !== '') words.set('search', chosen.search);
    const text = words.toString();
    if (text !== location.hash.slice(1))
      history.replaceState(null, '', text === '' ? location.pathname + location.search : '#' + text);
  };

  const readAddress = () => {
    const words = new URLSearchParams(location.hash.slice(1));
    const figureNumber = data.views.findIndex(one => one.key === words.get('figure'));
    chosen.view = Math.max(figureNumber, 0);
    chosen.side = words.get('show') || '';
    useView();
    chosen.endpoint = words.has('endpoint')
      ? tree.endpoints.findIndex((_, i) => endpointName(i) === words.get('endpoint')) : ALL;
    if (chosen.endpoint === ALL && tree.endpoints.length === 1) chosen.endpoint = 0;
    const frame = Number(words.get('frame'));
    chosen.zoom = Number.isInteger(frame) && frame > 0 && frame < tree.depths.length ? frame : 0;
    chosen.search = words.get('search') || '';
    search.value = chosen.search;
    current = chosen.zoom;
  };

  /* ---- doing -------------------------------------------------------------------------------- */

  /* keep: only what is zoomed to or searched for has changed. */
  const update = ({keep}) => {
    if (!keep) sumUp();
    if (!(sums.width[chosen.zoom] > 0)) chosen.zoom = 0;
    if (!keep) {
      fillControls();
      fillTable();
    }
    element('reset').disabled = chosen.zoom === 0 && chosen.search === '';
    draw();
    showMatched();
    show(current);
    writeAddress();
  };

  const reset = () => {
    search.value = chosen.search = '';
    zoomTo(0);
  };

  const nodeAt = event => Number(event.target.closest('[data-node]')?.dataset.node ?? NONE);

  /* Which frame an arrow leads to, of those that are drawn. */
  const neighbour = (node, key) => {
    const parents = tree.nodes.parent;
    const shown = [...graph.querySelectorAll('[data-node]')].map(one => Number(one.dataset.node));
    if (key === 'ArrowUp') return parents[node];
    if (key === 'ArrowDown') return shown.find(one => parents[one] === node);
    const row = shown.filter(one => tree.depths[one] === tree.depths[node]);
    return row[row.indexOf(node) + (key === 'ArrowRight' ? 1 : -1)];
  };

  const go = (node = NONE) => {
    if (node === NONE) return;
    current = node;
    mark(true);
    show(node);
  };

  const listen = () => {
    graph.addEventListener('click', event => {
      if (nodeAt(event) !== NONE) zoomTo(nodeAt(event));
    });
    graph.addEventListener('pointerover', event => {
      show(nodeAt(event) === NONE ? current : nodeAt(event));
    });
    graph.addEventListener('pointerleave', () => show(current));
    graph.addEventListener('focusin', event => {
      const node = nodeAt(event);
      if (node !== NONE && node !== current) go(node);
    });
    graph.addEventListener('keydown', event => {
      const node = nodeAt(event);
      if (node === NONE || event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.key === 'Enter' || event.key === ' ') zoomTo(node);
      else if (event.key.startsWith('Arrow')) go(neighbour(node, event.key));
      else return;
      event.preventDefault();
    });
    document.addEventListener('keydown', event => {
      if (event.key === 'Escape') reset();
      else if (event.key === '/' && !/^(INPUT|SELECT)$/.test(event.target.tagName)) {
        event.preventDefault();
        search.focus();
      }
    });
    search.addEventListener('input', () => {
      chosen.search = search.value.trim();
      update({keep: true});
    });
    element('endpoint').addEventListener('change', event => {
      chosen.endpoint = Number(event.target.value);
      update({});
    });
    element('reset').addEventListener('click', reset);
    addEventListener('hashchange', () => {
      readAddress();
      update({});
    });
    new ResizeObserver(draw).observe(graph);
  };

  /* How wide a letter of the labels is. */
  const measure = () => {
    const picture = drawn('svg', {class: 'flame'}, graph);
    const frame = drawn('svg', {class: 'frame'}, picture);
    const text = drawn('text', {}, frame);
    text.textContent = 'mmmmmmmmmmmmmmmmmmmm';
    const width = text.getComputedTextLength() / 20;
    if (width > 0) letters = width;
    picture.remove();
  };

  const keys = () => {
    const words = document.createElement('p');
    words.id = 'keys';
    words.className = 'quiet';
    for (const [key, text] of [['Click', ' or '], ['Enter', ' zooms into a frame, '],
      ['Esc', ' shows all again, '], ['\u2190 \u2191 \u2193 \u2192', ' move, '], ['/', ' searches.']])
      words.append(makeElement('kbd', '', key), text);
    details.after(words);
  };

  element('controls').hidden = false;
  details.hidden = false;
  measure();
  readAddress();
  keys();
  update({});
  listen();
})();
