export const pilot = (depth) => depth > 4;
//# sourceMappingURL=cli.js.map
