/** The height of the tide, in metres. "Internal": the constants are those of the harbour. */
export function tide(hour) {
    return 2.1 + 1.7 * Math.sin((hour / 12.42) * 2 * Math.PI);
}
//# sourceMappingURL=tsc.js.map