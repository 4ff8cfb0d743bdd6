function n(e){return`${e}, tied`}export{n as bowline};
//# sourceMappingURL=vendor.js.map
