// The styles are a part of the program here.
import theme from "./theme.scss";
import "./main";

console.log(`theme ${String(theme).includes("Tönning")}`);
