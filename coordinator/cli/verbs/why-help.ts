/** Help of `nexus why` besides its options. */

export const why = `
One line each: the name, its state and for how long, the reason, and what would change it: a command to type, what happens by
itself, or "nothing". Without names it lists everything that is not running now. What needs a person comes first, what resolves
itself comes last. Without a coordinator only the journal answers; it knows neither who is connected nor what machines' owners allow.`;
