// A byte order mark stands before this line.
export function berth(name) {
  return `${name} (berth ${name.length})`;
}
