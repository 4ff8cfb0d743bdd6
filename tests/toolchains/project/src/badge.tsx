/** @jsxRuntime classic */
/** @jsx mark */
export interface Badge {
  text: string;
  count?: number;
}

declare global {
  namespace JSX {
    interface IntrinsicElements {
      [tag: string]: Record<string, unknown>;
    }
    type Element = string;
  }
}

function mark(tag: string, attributes: Record<string, unknown> | null, ...children: unknown[]): string {
  return `${tag}[${Object.keys(attributes ?? {}).join()}](${children.join("+")})`;
}

export const badge = ({ text, count = 0 }: Badge): string => (
  <b tone="calm">
    {text} {count}
  </b>
);
