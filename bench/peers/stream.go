// An upload with Go's mime/multipart, streamed to a file: stream PORT FOLDER
package main

import (
	"crypto/rand"
	"encoding/hex"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
)

func store(folder string, content io.Reader) error {
	var name [16]byte
	if _, err := rand.Read(name[:]); err != nil {
		return err
	}
	file, err := os.Create(filepath.Join(folder, hex.EncodeToString(name[:])))
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, content); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

func upload(folder string, request *http.Request) error {
	reader, err := request.MultipartReader()
	if err != nil {
		return err
	}
	for {
		part, err := reader.NextPart()
		if err == io.EOF {
			return nil
		}
		if err == nil && part.FileName() != "" {
			err = store(folder, part)
		} else if err == nil {
			_, err = io.ReadAll(part)
		}
		if err != nil {
			return err
		}
	}
}

func main() {
	folder := os.Args[2]
	handle := func(response http.ResponseWriter, request *http.Request) {
		if request.Method != http.MethodPost {
			io.WriteString(response, "here")
		} else if err := upload(folder, request); err != nil {
			http.Error(response, err.Error(), http.StatusInternalServerError)
		} else {
			response.WriteHeader(http.StatusCreated)
		}
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], http.HandlerFunc(handle)))
}
