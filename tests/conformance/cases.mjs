// Every case, in the order in which their outputs are stored.
import convolutions from './cases/convolutions.mjs';
import elementwise from './cases/elementwise.mjs';
import moves from './cases/moves.mjs';
import reductions from './cases/reductions.mjs';

export const cases = [...convolutions, ...elementwise, ...reductions, ...moves];
