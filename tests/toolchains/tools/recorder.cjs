// A loader that notes what the loaders before it made of a source, and changes nothing.
const fs = require("node:fs");
const path = require("node:path");

module.exports = function recorder(source, map) {
  const { folder } = this.getOptions();
  fs.writeFileSync(path.join(folder, path.basename(this.resourcePath)), source);
  this.callback(null, source, map);
};
