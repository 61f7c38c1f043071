/* oxlint-disable typescript/no-extraneous-class -- a module of Nest is an empty class */
import 'reflect-metadata';
import { log } from 'node:console';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Term } from '@tenure/core';
import { LeaderOnly, SingletonCron, TenureModule } from '@tenure/nestjs';

@Injectable()
class Reports {
  @LeaderOnly()
  async send(term: Term): Promise<void> {
    while (!term.signal.aborted) {
      log(`at work, with token ${term.token}`);
      await sleep(1000, undefined, { signal: term.signal });
    }
  }

  @SingletonCron('* * * * * *', { timezone: 'UTC' })
  count({ scheduledAt }: { readonly scheduledAt: Date }): void {
    log(`ran ${scheduledAt.toISOString()}`);
  }
}

@Module({
  imports: [TenureModule.forRoot({ store: 'sqlite:./tenure.db' })],
  providers: [Reports],
})
class App {}

const app = await NestFactory.createApplicationContext(App, { logger: ['error', 'warn'] });
app.enableShutdownHooks();
