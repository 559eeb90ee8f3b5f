import { scan } from "../../../src/python/grammar/scanner.ts"
import type { Dice } from "../../support/dice.ts"

/** What a hand or a merge may leave behind. */
const debris = [
  ...": = * ** , ( ) [ ] { } := . @ -> ~ - / ; ! $ \\ ... == < | & % // >>=".split(" "),
  ..."yield await async lambda not del return in is if else for while with try except finally raise".split(" "),
  ..."global nonlocal import from pass break continue None True match case type x 1 0x 1_ 1.e 0777".split(" "),
  ..."'s' b'x' f'{a}' '''".split(" "),
  "lambda x:",
  "for x in y",
  "if z",
  "else w",
  "as x",
  "from . import x",
  "global x",
  "except:",
  "try:",
  "\n",
  "\n    ",
  "\n\t",
  "\n#",
]

/** A few statements of a file, each with one token taken away, doubled, replaced, or with something beside it. */
export function damaged(dice: Dice, source: string): string[] {
  const part = somePart(dice, source)
  const tokens = tokensOf(part)
  if (tokens.length < 4) return []
  return dice.some(1, 4, () => {
    const [start, end] = dice.pick(tokens)
    const [otherStart, otherEnd] = dice.pick(tokens)
    const own = part.slice(start, end)
    const instead = dice.pick([
      "",
      `${own} ${own}`,
      part.slice(otherStart, otherEnd),
      ` ${dice.pick(debris)} ${own}`,
      `${own} ${dice.pick(debris)} `,
    ])
    return part.slice(0, start) + instead + part.slice(end)
  })
}

function somePart(dice: Dice, source: string): string {
  const lines = source.replaceAll(/\r\n?/gu, "\n").split("\n")
  const starts = lines.flatMap((line, index) =>
    /^(?:[a-z@]|[A-Z_]+ ?=)/u.test(line) && !/^(?:from|import)/u.test(line) ? [index] : [],
  )
  const first = dice.below(starts.length)
  const end = starts[first + 1 + dice.below(3)] ?? lines.length
  return `${lines.slice(starts[first], Math.min(end, (starts[first] ?? 0) + 60)).join("\n")}\n`
}

function tokensOf(part: string): [start: number, end: number][] {
  try {
    const { starts, ends } = scan(part)
    return starts.map((start, index) => [start, ends[index] ?? start])
  } catch {
    return []
  }
}
