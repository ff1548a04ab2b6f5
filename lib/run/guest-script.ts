import {observeLibrary} from '../guest/script.ts';
import {serveScript} from '../shell/serve.ts';

/** The functions that observations call. */
export const library = observeLibrary;

/** What runs in the guest behind the shell ports: the serving loop, and the functions that observations call. */
export const serve = serveScript(library);

/** Run before the freeze, because clones run it first: its pages and code are then in the frozen memory. */
export const warmUp = 'memhp_observe';
