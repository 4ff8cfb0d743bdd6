console.log(1)
//# sourceMappingURL=cli.js.map
