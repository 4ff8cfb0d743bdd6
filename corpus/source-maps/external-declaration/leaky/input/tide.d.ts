export declare function tide(hour: number): number;
//# sourceMappingURL=tide.d.ts.map
