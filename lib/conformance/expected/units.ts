/** Bytes, for suites. */
export {KiB, MiB, GiB, TiB} from '../../util/size.ts';
