import { Refused, type Cursor } from "./text-cursor.ts"

/** The name behind `&` or `*`. */
export function scanName(cursor: Cursor): string {
  const at = cursor.place()
  const mark = cursor.take(1)
  const name = cursor.takeAll(/[\w-]+/y)
  if (name === "" || !" \t\n\0?:,]}%@`".includes(cursor.peek()))
    throw new Refused(`${mark} wants a name of letters, digits, - and _`, at)
  return name
}

/** `!`, `!name`, `!!name`, `!handle!name` or `!<whole:name>`. */
export function scanTag(cursor: Cursor): string {
  const at = cursor.place()
  const tag = cursor.takeAll(/!(?:<[\w\-;/?:@&=+$,.!~*'()[\]%]+>|[\w\-;/?:@&=+$,.!~*'()[\]%]*)/y)
  if (!" \n\0".includes(cursor.peek()) || tag === "!!") throw new Refused("a tag is a name and ends with a space", at)
  return tag
}

const directives = [
  /^%YAML +\d+\.\d+/,
  /^%TAG +![\w-]*!? +[\w\-;/?:@&=+$,.!~*'()[\]%]+/,
  /^%(?!YAML |TAG )[\w-]+(?: .*)?/,
]

/** A line such as `%YAML 1.1`; what a directive doesn't know may have anything behind its name. */
export function scanDirective(cursor: Cursor): string {
  const at = cursor.place()
  const line = cursor.takeAll(/[^\n]*/y)
  const sound = directives.some((form) => {
    const known = form.exec(line)?.[0]
    return known !== undefined && /^(?: +(?:#.*)?)?$/.test(line.slice(known.length))
  })
  if (!sound) throw new Refused("% begins a directive here, such as %YAML 1.1: put the text in quotes", at)
  return line
}
