/* The height of the tide. Internal: the constants are those of the harbour, not of the almanac. */
int tide(int hour) { return 21 + 17 * (hour % 12); }
