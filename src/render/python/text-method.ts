import { textCharactersMax } from "./arithmetic.ts"
import type { Value } from "./values.ts"

type Method = (text: string, ...args: readonly string[]) => string

/** Methods of Python's `str` by the number of texts that they are given: pure, and the same here for ASCII. */
const methods: Readonly<Record<string, readonly [number, Method]>> = {
  lower: [0, (text) => text.toLowerCase()],
  upper: [0, (text) => text.toUpperCase()],
  capitalize: [0, (text) => text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase()],
  title: [
    0,
    (text) => text.replaceAll(/[A-Za-z]+/gu, (word) => word.charAt(0).toUpperCase() + word.slice(1).toLowerCase()),
  ],
  strip: [0, (text) => text.trim()],
  replace: [2, (text, old = "", by = "") => text.replaceAll(old, () => by)],
  removeprefix: [1, (text, prefix = "") => (text.startsWith(prefix) ? text.slice(prefix.length) : text)],
  removesuffix: [
    1,
    (text, suffix = "") => (suffix !== "" && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text),
  ],
}

export function isTextMethod(name: string): boolean {
  return Object.hasOwn(methods, name)
}

/** What the method gives for a text; null when these arguments, or letters beyond ASCII, aren't followed. */
export function callTextMethod(text: string, name: string, args: readonly Value[]): string | null {
  const [arity, method] = methods[name] ?? []
  const given = args.flatMap((argument) => (argument.kind === "str" ? [argument.value] : []))
  if (method === undefined || given.length !== arity || args.length !== arity) return null
  if (![text, ...given].every((each) => isAscii(each))) return null
  const result = method(text, ...given)
  return result.length > textCharactersMax ? null : result
}

/** Beyond these, and for the separators below the blank, the two languages differ. */
function isAscii(text: string): boolean {
  return /^[\t-\r -~]*$/u.test(text)
}
