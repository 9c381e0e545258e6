/** Functional and cycle model agree on random programs; see `support/agreement.ts`. */
import { testAgreement } from './support/modelAgreement.ts';

testAgreement(1, 1000);
