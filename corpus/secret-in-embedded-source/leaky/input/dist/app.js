export const publish=()=>1;
//# sourceMappingURL=app.js.map
