/** Stages that only registration has. */
import type { Stage } from '#accounts/index.ts';
import type { CaptchaConfig, ConsentConfig, RegistrationConfig } from '#platform/config/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import { REGISTRATION_TOKEN_STAGE } from './registration-tokens.ts';

export const TERMS_STAGE = 'm.login.terms';
const CAPTCHA_STAGE = 'm.login.recaptcha';

/** Asks the captcha's service whether an answer is right. */
export type VerifyCaptcha = (answer: string, ip: string) => Promise<boolean>;

/** The stages that a new user goes through, in order. */
export function registrationStages(
  config: Pick<RegistrationConfig, 'captcha' | 'requiresToken' | 'requires3pid'>,
  consent: Pick<ConsentConfig, 'requireAtRegistration'> | undefined,
): readonly string[] {
  const stages = [
    ...(config.requiresToken ? [REGISTRATION_TOKEN_STAGE] : []),
    ...(config.captcha.enabled ? [CAPTCHA_STAGE] : []),
    ...(consent?.requireAtRegistration ? [TERMS_STAGE] : []),
    // Last, since a link in an e-mail may end the registration in another window.
    ...(config.requires3pid.includes('email') ? ['m.login.email.identity'] : []),
    ...(config.requires3pid.includes('msisdn') ? ['m.login.msisdn'] : []),
  ];
  return stages.length === 0 ? ['m.login.dummy'] : stages;
}

/** https://spec.matrix.org/v1.19/client-server-api/#terms-of-service-at-registration */
export function termsStage(
  { policyName, version }: Pick<ConsentConfig, 'policyName' | 'version'>,
  publicBaseurl: string,
): Stage {
  const url = `${publicBaseurl}_matrix/consent?v=${encodeURIComponent(version)}`;
  return {
    type: TERMS_STAGE,
    params: () => ({ policies: { privacy_policy: { version, en: { name: policyName, url } } } }),
    verify: async () => ({ result: { version } }),
  };
}

/** https://spec.matrix.org/v1.19/client-server-api/#google-recaptcha */
export function captchaStage({ publicKey }: Pick<CaptchaConfig, 'publicKey'>, verifyCaptcha: VerifyCaptcha): Stage {
  return {
    type: CAPTCHA_STAGE,
    params: () => ({ public_key: publicKey ?? '' }),
    async verify({ auth: { response }, request }) {
      if (typeof response !== 'string') throw new MatrixError('M_CAPTCHA_NEEDED', 'The captcha’s answer is missing');
      if (await verifyCaptcha(response, request.ip)) return { result: {} };
      throw new MatrixError('M_CAPTCHA_INVALID', 'The captcha’s answer is wrong', { status: 401 });
    },
  };
}
