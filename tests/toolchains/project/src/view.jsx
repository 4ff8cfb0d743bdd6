/** @jsxRuntime classic */
/** @jsx element */
function element(tag, attributes, ...children) {
  const pairs = Object.entries(attributes ?? {}).map(([key, value]) => ` ${key}="${value}"`);
  return `<${tag}${pairs.join("")}>${children.flat().join("")}</${tag}>`;
}

export const view = (names) => (
  <ul class="harbours" data-count={names.length}>
    {names.map((name) => (
      <li title={`at ${name}`}>{name}</li>
    ))}
    {/* nobody sees this */}
  </ul>
);
