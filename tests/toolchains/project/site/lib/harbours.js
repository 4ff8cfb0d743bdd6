// Names.
export const harbours = ["Tönning", "函館"];
