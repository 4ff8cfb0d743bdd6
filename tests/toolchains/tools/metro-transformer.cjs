// Compiles a source for Metro, as the presets of React Native do.
const babel = require("@babel/core");

exports.transform = ({ filename, src }) => {
  const options = {
    ast: true,
    babelrc: false,
    code: false,
    configFile: false,
    filename,
    plugins: ["@babel/plugin-transform-modules-commonjs"],
    presets: ["@babel/preset-react", "@babel/preset-typescript"],
  };
  return { ast: babel.transformSync(src, options).ast, metadata: {} };
};
