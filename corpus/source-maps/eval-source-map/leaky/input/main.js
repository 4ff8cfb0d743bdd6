(() => {
var __webpack_modules__ = ({
/***/ "./src/tide.ts":
/***/ ((module) => {

eval("/** The height of the tide, in metres. Internal: the constants are those of the harbour, not of the almanac. */\nexport function tide(hour) {\n  return 2.1 + 1.7 * Math.sin((hour / 12.42) * 2 * Math.PI);\n}\n//# sourceURL=[module]\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,eyJ2ZXJzaW9uIjozLCJmaWxlIjoiLi9zcmMvdGlkZS50cyIsIm1hcHBpbmdzIjoiQUFBQSIsInNvdXJjZXMiOlsid2VicGFjazovL3RpZGV3YXRlci8uL3NyYy90aWRlLnRzPzIzNmQiXSwic291cmNlc0NvbnRlbnQiOlsiLyoqIFRoZSBoZWlnaHQgb2YgdGhlIHRpZGUsIGluIG1ldHJlcy4gSW50ZXJuYWw6IHRoZSBjb25zdGFudHMgYXJlIHRob3NlIG9mIHRoZSBoYXJib3VyLCBub3Qgb2YgdGhlIGFsbWFuYWMuICovXG5leHBvcnQgZnVuY3Rpb24gdGlkZShob3VyOiBudW1iZXIpOiBudW1iZXIge1xuICByZXR1cm4gMi4xICsgMS43ICogTWF0aC5zaW4oKGhvdXIgLyAxMi40MikgKiAyICogTWF0aC5QSSk7XG59XG4iXSwibmFtZXMiOltdLCJzb3VyY2VSb290IjoiIn0=\n//# sourceURL=webpack-internal:///./src/tide.ts\n");

/***/ }),
/***/ "./src/main.ts":
/***/ ((module) => {

eval("import { tide } from \"./tide\";\n// Berth 7 is \"reserved\" for the pilot.\nfor (let hour = 0; hour < 24; hour += 6) console.log(hour, tide(hour).toFixed(2));\n//# sourceURL=[module]\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,eyJ2ZXJzaW9uIjozLCJmaWxlIjoiLi9zcmMvbWFpbi50cyIsIm1hcHBpbmdzIjoiQUFBQSIsInNvdXJjZXMiOlsid2VicGFjazovL3RpZGV3YXRlci8uL3NyYy9tYWluLnRzPzIzNmQiXSwic291cmNlc0NvbnRlbnQiOlsiaW1wb3J0IHsgdGlkZSB9IGZyb20gXCIuL3RpZGVcIjtcbi8vIEJlcnRoIDcgaXMgXCJyZXNlcnZlZFwiIGZvciB0aGUgcGlsb3QuXG5mb3IgKGxldCBob3VyID0gMDsgaG91ciA8IDI0OyBob3VyICs9IDYpIGNvbnNvbGUubG9nKGhvdXIsIHRpZGUoaG91cikudG9GaXhlZCgyKSk7XG4iXSwibmFtZXMiOltdLCJzb3VyY2VSb290IjoiIn0=\n//# sourceURL=webpack-internal:///./src/main.ts\n");

/***/ }),
});
})();
