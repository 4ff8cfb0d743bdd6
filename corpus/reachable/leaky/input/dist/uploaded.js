export const x = 1;
//# sourceMappingURL=uploaded.js.map
//# debugId=00000000-0000-4000-8000-000000000000
