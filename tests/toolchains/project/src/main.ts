// The pilot desk of Tidewater: everything starts here.
import { clsx } from "clsx";
import { sum } from "./sum";
import { tide, type Tide } from "./tide";
import { berth } from "./bom";
import "./empty";
import { odd } from "./odd";
import { view } from "./view";
import { badge } from "./badge";

/** Names of harbours, as the sailors write them. */
const harbours: string[] = ["Tönning", "Büsum", "Ærøskøbing", "函館", "⚓️", "Здравствуй"];

const spring: Tide = tide(12, harbours.length);
const parts: string[] = [
  ...harbours,
  String(spring.height),
  berth("Køge"),
  odd,
  view(harbours),
  badge({ text: "pilot", count: 3 }),
  clsx("a", { b: true, c: false }, ["d"]),
];

// One line that changes if anything above does.
console.log(`toolchains ${sum(parts.join("|"))}`);
