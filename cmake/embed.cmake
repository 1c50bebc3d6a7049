# Makes a C file of a text, so that it is part of the program: cmake -DINPUT=flame.js
# -DOUTPUT=flame_js.c -DNAME=flame_js -P embed.cmake gives `const char embedded_flame_js[]`, with a
# terminating NUL. An array of numbers, since C promises no string literal this long; hence plain
# ASCII only.
file(READ ${INPUT} bytes HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
string(REPLACE "0x0a," "0x0a,\n" bytes "${bytes}")
file(WRITE ${OUTPUT}.new "#include \"reporters/embedded.h\"\n\n"
  "const char embedded_${NAME}[] = {\n${bytes}0};\n")
file(RENAME ${OUTPUT}.new ${OUTPUT})
