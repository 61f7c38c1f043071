import { describeMysql } from './mysql-conformance.ts';

await describeMysql('mysql');
