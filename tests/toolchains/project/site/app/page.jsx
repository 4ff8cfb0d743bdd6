import { harbours } from "../lib/harbours";
// The first page of Tönning.
export default function Page() { return <ul>{harbours.map((name) => <li key={name}>{name}</li>)}</ul>; }
