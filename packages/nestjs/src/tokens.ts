import { Inject } from '@nestjs/common';

/** What provides the `Tenure` of the application. */
export const TENURE: symbol = Symbol('TENURE');

/** The `Tenure` of the application: `constructor(@InjectTenure() private readonly tenure: Tenure)`. */
export const InjectTenure = (): ParameterDecorator & PropertyDecorator => Inject(TENURE);

/** What provides `Settings`. */
export const SETTINGS: symbol = Symbol('TENURE_SETTINGS');
