/** Of names that mean nothing only so many are told at one place: looking for what each of them meant takes time. */
export const toldMax = 100
