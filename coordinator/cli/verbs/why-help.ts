/** Help of `nexus why` besides its options. */

export const why = `
A line each: the name, its state and for how long, the reason, and what would change it: a command to type, what happens by itself,
or "nothing". Without names: everything that does not run now. What needs a person comes first, what goes on by itself last.
Without a coordinator the journal alone answers; who is connected, and what owners of machines allow, is then not known.`;
