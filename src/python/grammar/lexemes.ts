/** Words that are no names (Lexical analysis, "Keywords"). */
export const keywords: ReadonlySet<string> = new Set(
  (
    "False None True and as assert async await break class continue def del elif else except finally for from global if " +
    "import in is lambda nonlocal not or pass raise return try while with yield"
  ).split(" "),
)

// Each is matched where its `lastIndex` is set (Lexical analysis).
export const asciiName = /[A-Za-z_][A-Za-z0-9_]*/uy
export const anyName = /[\p{XID_Start}_]\p{XID_Continue}*/uy
export const operator = /\*\*=?|\/\/=?|>>=?|<<=?|\.\.\.|->|:=|[-+*/%&|^@=<>!]=|[-+*/%&|^@=<>~.,:;()[\]{}]/uy
const digits = String.raw`\d(?:_?\d)*`
export const number = new RegExp(
  String.raw`0[xX](?:_?[\da-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|` +
    String.raw`(?:(?:${digits}\.(?:${digits})?|\.${digits})(?:[eE][+-]?${digits})?|${digits}[eE][+-]?${digits}|${digits})[jJ]?`,
  "uy",
)
/** `0777` was octal in Python 2. */
export function isOctalOfOld(text: string): boolean {
  return text.startsWith("0") && /^[\d_]+$/u.test(text) && /[1-9]/u.test(text)
}
export const keywordAfterNumber = /(?:and|else|for|i[fns]|not|or)/uy
export const stringStart = /(?:[rR]?[fFtTbB]|[fFtTbB][rR]|[rRuU])?(?:'''|"""|'|")/uy

/** `\N{…}`: the longest name of a character has 88 letters. */
const unicodeNameMax = 100

/** How many characters a backslash in an f-string takes along: a brace after it still opens or closes a field. */
export function afterBackslash(source: string, at: number, raw: boolean): number {
  const next = source[at + 1]
  if (next === "{" || next === "}") return 0
  const end = !raw && source.startsWith("N{", at + 1) ? source.slice(at, at + unicodeNameMax).indexOf("}") : -1
  return end === -1 ? 1 : end
}
