(() => {
var __webpack_modules__ = ({
/***/ "./src/tide.ts":
/***/ ((module) => {

eval("/** The height of the tide, in metres. Internal: the constants are those of the harbour, not of the almanac. */\nexport function tide(hour) {\n  return 2.1 + 1.7 * Math.sin((hour / 12.42) * 2 * Math.PI);\n}\n\n\n//# sourceURL=webpack://tidewater/./src/tide.ts?");

/***/ }),
/***/ "./src/main.ts":
/***/ ((module) => {

eval("import { tide } from \"./tide\";\n// Berth 7 is \"reserved\" for the pilot.\nfor (let hour = 0; hour < 24; hour += 6) console.log(hour, tide(hour).toFixed(2));\n\n\n//# sourceURL=webpack://tidewater/./src/main.ts?");

/***/ }),
});
})();
