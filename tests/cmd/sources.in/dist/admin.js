console.log(1)
//# sourceMappingURL=admin.js.map
