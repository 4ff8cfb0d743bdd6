export { default } from "fictional-pad";
