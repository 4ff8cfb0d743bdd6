// The fee that nobody is told about.
export function fee(length) {
	if (length < 10 && length > 0) {
		return 0;
	}
	return length * 3; // "per metre" & more
}
