// An upload with Node and busboy, streamed to a file: node busboy.js PORT FOLDER
const busboy = require('busboy');
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const path = require('path');

const [port, folder] = process.argv.slice(2);

function answer(response, status, text) {
  response.writeHead(status, { 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

function upload(request, response) {
  let unfinished = 1;
  const finish = () => {
    unfinished -= 1;
    if (unfinished === 0) {
      answer(response, 201, 'stored');
    }
  };
  const form = busboy({ headers: request.headers });
  form.on('file', (name, file) => {
    unfinished += 1;
    file.pipe(fs.createWriteStream(path.join(folder, crypto.randomUUID()))).on('close', finish);
  });
  form.on('close', finish);
  form.on('error', () => answer(response, 400, 'malformed'));
  request.pipe(form);
}

http.createServer((request, response) => {
  if (request.method === 'POST') {
    upload(request, response);
  } else {
    answer(response, 200, 'here');
  }
}).listen(Number(port), '127.0.0.1');
