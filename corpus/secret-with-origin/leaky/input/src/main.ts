import { headers } from "./config";
/** Asks the harbour for the tide. */
export const tide = () => fetch("https://harbour.example/tide", { headers: headers("späte Ebbe 🌊") });
