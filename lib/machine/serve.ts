import {observeLibrary} from '../guest/script.ts';
import {serveScript} from '../shell/serve.ts';

/** What runs in the guest behind the shell ports: the serving loop and the functions that observations call. */
export const guestScript = serveScript(observeLibrary);
