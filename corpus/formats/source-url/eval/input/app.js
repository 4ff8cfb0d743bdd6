eval("const depth = 4;\n\n//# sourceURL=webpack-internal:///./src/depth.js\n");
eval("export const red = 1;\n\n//# sourceURL=webpack://tidewater/./node_modules/fictional-pad/index.js?\n");
