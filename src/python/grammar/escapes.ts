interface Style {
  readonly raw: boolean
  readonly bytes: boolean
}

/** The value of the text between the quotes of a string or bytes literal, or null when an escape can't be decoded. */
export function decodeLiteral(body: string, prefix: Style): string | null {
  if (prefix.raw || !body.includes("\\")) return body
  let readable = true
  const decoded = body.replace(escape, (whole, code: string) => {
    const text = decodeEscape(code, prefix.bytes)
    if (text === null) readable = false
    return text ?? whole
  })
  return readable ? decoded : null
}

/** The first escape in such a text that Python refuses as a syntax error, or null. */
export function malformedEscape(body: string, { raw, bytes }: Style): string | null {
  if (raw || !body.includes("\\")) return null
  for (const [whole, code, begun] of body.matchAll(hexadecimal)) {
    if (begun !== undefined && (begun === "x" || !bytes)) return `\\${begun}`
    if (code !== undefined && !bytes && Number.parseInt(code, 16) > codePointMax) return whole
  }
  return null
}

/** Escapes one after the other, so that `\\x` is none; those with too few digits in the first group. */
const hexadecimal = /\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U([0-9a-fA-F]{8})|N\{[^}]+\}|([xuUN])|[\s\S])/gu
const escape = /\\(\n|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|[\s\S])/gu
const named: Readonly<Record<string, string>> = {
  "\n": "",
  "\\": "\\",
  "'": "'",
  '"': '"',
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
}
const codePointMax = 0x10ffff

function decodeEscape(code: string, bytes: boolean): string | null {
  const simple = named[code]
  if (simple !== undefined) return simple
  if (/^[0-7]/u.test(code)) return fromCode(Number.parseInt(code, 8), bytes)
  if (/^x./u.test(code)) return fromCode(Number.parseInt(code.slice(1), 16), bytes)
  // In bytes these are no escapes: the backslash stays.
  if (bytes) return `\\${code}`
  if (/^[uU]./u.test(code)) return fromCode(Number.parseInt(code.slice(1), 16), false)
  // \N{...} needs the Unicode name table.
  if (/^[NxuU]/u.test(code)) return null
  return `\\${code}`
}

function fromCode(code: number, bytes: boolean): string | null {
  if (bytes) return code > 0xff ? null : String.fromCharCode(code)
  // A lone surrogate is a valid Python string, but no JSON and no UTF-8.
  if (code > codePointMax || (code >= 0xd800 && code <= 0xdfff)) return null
  return String.fromCodePoint(code)
}
