// What tools trip over: </script>, <!-- and -->, a line separator in a string, halves of a pair.
/* sourceMappingURL is only spoken of here: //# sourceMappingURL = none */
const closing = "</script><!--";
const separators = "a b c";
const halves = "\ud83d and \udea2, \ud800";
const quotes = 'it\'s "quoted" \\ `here`';
const control = "\0\x07\t";
export const odd = [closing, separators, halves, quotes, control, /[</]+script/u.source].join(";");
