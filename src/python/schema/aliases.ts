/** Python's `text.title()`: a letter after a non-letter is upper case, every other one lower case. */
export function toTitle(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/(^|[^\p{L}])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase())
}

/** pydantic's `to_pascal`: `some_name` becomes `SomeName`. */
export function toPascal(snake: string): string {
  return toTitle(snake).replaceAll(/([0-9A-Za-z])_(?=[0-9A-Z])/gu, "$1")
}

/** pydantic's `to_camel`: `some_name` becomes `someName`, and what is written so already stays. */
export function toCamel(snake: string): string {
  if (/^[a-z]+[A-Za-z0-9]*$/u.test(snake) && !/\d[a-z]/u.test(snake)) return snake
  return toPascal(snake).replace(/^_*[A-Z]/u, (start) => start.toLowerCase())
}
