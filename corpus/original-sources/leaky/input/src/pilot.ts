/** Four metres, until the new keel is announced. */
export const pilot = (depth: number) => depth > 4;
