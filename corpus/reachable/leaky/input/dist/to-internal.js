export const x = 1;
//# sourceMappingURL=http://localhost:9000/app.js.map
