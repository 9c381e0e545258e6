/** The agreement of the two models on 9,000 more random programs. */
import { testAgreement } from './support/modelAgreement.ts';

testAgreement(1001, 9000);
