import { PGlite } from '@electric-sql/pglite';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
const db = await PGlite.create();
await db.exec("CREATE TABLE products (sku TEXT, cents INT); INSERT INTO products VALUES ('mug', 900), ('pen', 200)");
const server = new PGLiteSocketServer({ db, port: Number(process.argv[2]), host: '127.0.0.1' });
await server.start();
console.log('up');
