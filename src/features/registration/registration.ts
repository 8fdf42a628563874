import type {
  Accounts,
  AppserviceDirectory,
  AppserviceIdentity,
  NewAccount,
  PreparedSession,
  SessionTokens,
  UiaResult,
} from '#accounts/index.ts';
import { unknownToken } from '#accounts/index.ts';
import type { RequestInfo } from '#api/endpoint.ts';
import type { ConsentConfig, RegistrationConfig } from '#platform/config/index.ts';
import type { RateLimits } from '#platform/http/index.ts';
import type { StreamBatch } from '#platform/streams/index.ts';
import { forbidden, MatrixError } from '#protocol/errors.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject } from '#protocol/json.ts';
import { REGISTRATION_TOKEN_STAGE, type RegistrationTokens } from './registration-tokens.ts';
import { registrationStages, TERMS_STAGE } from './stages.ts';
import type { Usernames } from './usernames.ts';

export interface RegistrationDeps {
  readonly accounts: Pick<
    Accounts,
    'users' | 'lifecycle' | 'sessions' | 'passwords' | 'credentials' | 'uia' | 'authenticator'
  >;
  readonly usernames: Usernames;
  readonly tokens: RegistrationTokens;
  readonly rateLimits: Pick<RateLimits, 'takeFor' | 'checkFor'>;
  readonly appservices: AppserviceDirectory;
  readonly config: {
    readonly registration: RegistrationConfig;
    readonly consent: ConsentConfig | undefined;
    /** Whether people can have passwords here. */
    readonly passwordsEnabled: boolean;
  };
  /** What follows a registration before it is answered, such as joining rooms. */
  readonly afterRegistration: (userId: UserId, about: { readonly isGuest: boolean }) => Promise<void>;
}

export interface RegisterBody {
  readonly auth?: JsonObject;
  readonly username?: string;
  readonly user?: string;
  readonly password?: string;
  readonly type?: string;
  readonly device_id?: DeviceId;
  readonly initial_device_display_name?: string;
  readonly inhibit_login?: boolean;
  readonly refresh_token?: boolean;
  readonly guest_access_token?: string;
}

/** Without tokens where logging in was inhibited. */
export interface Registered {
  readonly userId: UserId;
  readonly tokens: SessionTokens | undefined;
}

/** Making accounts. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3register */
export class Registration {
  readonly #deps: RegistrationDeps;

  constructor(deps: RegistrationDeps) {
    this.#deps = deps;
  }

  async registerGuest(displayName: string | undefined, request: RequestInfo): Promise<Registered> {
    const { accounts, config, rateLimits, usernames } = this.#deps;
    if (!config.registration.allowGuestAccess) throw forbidden('Guest access is disabled');
    await rateLimits.takeFor('rc_registration', undefined, request.ip);
    const userId = await usernames.generateForGuest();
    const session = await accounts.sessions.prepare({ userId, deviceDisplayName: displayName });
    return this.#create({ userId, isGuest: true }, session);
  }

  /** A user of an appservice, by its own token. */
  async registerForAppservice(body: RegisterBody, request: RequestInfo): Promise<Registered> {
    const { accounts, usernames } = this.#deps;
    const appservice = this.#appservice(request);
    const localpart = body.username ?? body.user;
    if (localpart === undefined) throw new MatrixError('M_MISSING_PARAM', "Missing key: 'username'");
    const userId = usernames.parseForAppservice(localpart, appservice);
    await usernames.refuseTaken(userId);
    const session = body.inhibit_login ? undefined : await accounts.sessions.prepare(sessionOf(userId, body));
    return this.#create({ userId, appserviceId: appservice.id }, session, { isByAppservice: true });
  }

  async register(body: RegisterBody, request: RequestInfo): Promise<Registered> {
    const { accounts, config, rateLimits } = this.#deps;
    const stages = this.#stages();
    await rateLimits.checkFor('rc_registration', undefined, request.ip);
    const outcome = await accounts.uia.outcomeOf(body.auth);
    const done = isJsonObject(outcome) ? outcome.user_id : undefined;
    if (typeof done === 'string') return this.#again(done as UserId, body, request);
    const guest = body.guest_access_token === undefined ? undefined : await this.#guest(body.guest_access_token);
    if (body.username !== undefined) {
      await this.#claim(body.username, guest, !config.registration.inhibitUserInUseError);
    }
    const { password } = body;
    if (password !== undefined) accounts.passwords.check(password);
    const proof = await accounts.uia.run({
      request,
      auth: body.auth,
      flows: [stages],
      clientDict: toClientDict(body),
      secret: password === undefined ? undefined : () => accounts.passwords.hash(password),
      isPinned: false,
      isKept: true,
    });
    await rateLimits.takeFor('rc_registration', undefined, request.ip);
    return this.#finish(proof, guest);
  }

  /** Makes an account for whoever runs the server. Throws 400 for a type of user that is not configured. */
  async registerTrusted(
    account: Omit<NewAccount, 'userId'> & { readonly username: string },
    body: RegisterBody,
  ): Promise<Registered> {
    const { accounts, config, usernames } = this.#deps;
    const { username, ...about } = account;
    const types = [...USER_TYPES, ...config.registration.userTypes.extra];
    if (about.userType !== undefined && !types.includes(about.userType)) {
      throw new MatrixError('M_UNKNOWN', 'Invalid user type', { status: 400 });
    }
    const userId = usernames.parse(username);
    await usernames.refuseTaken(userId);
    const session = body.inhibit_login ? undefined : await accounts.sessions.prepare(sessionOf(userId, body));
    return this.#create({ ...about, userId }, session);
  }

  /** Whether somebody may register under this name now. Throws as registering would. */
  async checkAvailable(username: string): Promise<void> {
    const { registration } = this.#deps.config;
    if (!registration.enabled) throw registrationDisabled();
    await this.#claim(username, undefined, !registration.inhibitUserInUseError);
  }

  #stages(): readonly string[] {
    const { accounts, config } = this.#deps;
    if (!config.registration.enabled || !config.passwordsEnabled) throw registrationDisabled();
    const stages = registrationStages(config.registration, config.consent);
    // What the operator demands and the server cannot check must not be skipped.
    if (!stages.every((stage) => accounts.uia.hasStage(stage))) throw registrationDisabled();
    return stages;
  }

  async #finish(proof: UiaResult, guest: UserId | undefined): Promise<Registered> {
    const { accounts, config, tokens, usernames } = this.#deps;
    const body = proof.body as RegisterBody;
    if (proof.secret === undefined) throw new MatrixError('M_MISSING_PARAM', "Missing key: 'password'");
    const userId =
      body.username === undefined
        ? (guest ?? (await usernames.generate()))
        : await this.#claim(body.username, guest, true);
    const session = body.inhibit_login ? undefined : await accounts.sessions.prepare(sessionOf(userId, body));
    const finish = (batch: StreamBatch) => {
      for (const each of tokens.completion(proof.completed.get(REGISTRATION_TOKEN_STAGE))) batch.add(each);
      proof.finish({ user_id: userId }, batch);
    };
    const account: NewAccount = {
      userId,
      passwordHash: proof.secret,
      userType: config.registration.userTypes.default,
      consentVersion: proof.completed.has(TERMS_STAGE) ? config.consent?.version : undefined,
    };
    if (userId !== guest) return this.#create(account, session, { finish });
    await accounts.lifecycle.upgradeGuest(userId, proof.secret, (batch) => {
      session?.write(batch);
      finish(batch);
    });
    return { userId, tokens: session?.tokens };
  }

  async #create(
    account: NewAccount,
    session: PreparedSession | undefined,
    { finish, isByAppservice = false }: { finish?: (batch: StreamBatch) => void; isByAppservice?: boolean } = {},
  ): Promise<Registered> {
    await this.#deps.accounts.lifecycle.create(account, (batch) => {
      session?.write(batch);
      finish?.(batch);
    });
    if (!isByAppservice) await this.#deps.afterRegistration(account.userId, { isGuest: account.isGuest ?? false });
    return { userId: account.userId, tokens: session?.tokens };
  }

  /** The last request once more, whose answer the client may not have got: it knows the password, so it may log in. */
  async #again(userId: UserId, body: RegisterBody, request: RequestInfo): Promise<Registered> {
    const { accounts } = this.#deps;
    if (body.password === undefined) throw new MatrixError('M_USER_IN_USE', 'The user id is already taken');
    const claimed = { userId, account: await accounts.users.find(userId) };
    const { passwordHash } = await accounts.credentials.verifyPassword(claimed, body.password, request.ip);
    const session = { ...sessionOf(userId, body), verifiedPasswordHash: passwordHash };
    return { userId, tokens: body.inhibit_login ? undefined : await accounts.sessions.start(session) };
  }

  /** The user id for a name; a guest's own name is theirs. */
  async #claim(username: string, guest: UserId | undefined, refuseTaken: boolean): Promise<UserId> {
    if (guest !== undefined && guest.slice(1, guest.indexOf(':')) === username.toLowerCase()) return guest;
    const userId = this.#deps.usernames.parse(username);
    if (refuseTaken) await this.#deps.usernames.refuseTaken(userId);
    return userId;
  }

  async #guest(token: string): Promise<UserId> {
    const requester = await this.#deps.accounts.authenticator.peek(token);
    if (requester?.isGuest) return requester.userId;
    throw forbidden('The guest access token is not valid');
  }

  #appservice(request: RequestInfo): AppserviceIdentity {
    const token = /^bearer +(\S+) *$/i.exec(request.headers.get('authorization') ?? '')?.[1];
    const inQuery = request.search.get('access_token') ?? undefined;
    const given = token ?? inQuery;
    if (given === undefined) throw new MatrixError('M_MISSING_TOKEN', 'Missing access token');
    const appservice = this.#deps.appservices.byToken(given);
    if (appservice === undefined) throw unknownToken();
    return appservice;
  }
}

/** Those that Synapse knows too. */
const USER_TYPES = ['support', 'bot'];

const registrationDisabled = (): MatrixError => forbidden('Registration is disabled');

/** What is kept between stages: neither the password nor the guest's token. */
function toClientDict(body: RegisterBody): JsonObject {
  const { username, device_id, initial_device_display_name, inhibit_login, refresh_token } = body;
  const kept = { username, device_id, initial_device_display_name, inhibit_login, refresh_token };
  return Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
}

function sessionOf(userId: UserId, body: RegisterBody) {
  return {
    userId,
    deviceId: body.device_id,
    deviceDisplayName: body.initial_device_display_name,
    refreshable: body.refresh_token,
  };
}
