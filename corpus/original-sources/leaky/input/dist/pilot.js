export const pilot = (depth) => depth > 4;
