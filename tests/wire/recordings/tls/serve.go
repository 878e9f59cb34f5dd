// A TLS server with old cipher suites that OpenSSL is no longer built with.
// Arguments: certificate file, key file, suite number, version number.
package main

import (
	"crypto/tls"
	"fmt"
	"os"
	"strconv"
)

func main() {
	certificate, err := tls.LoadX509KeyPair(os.Args[1], os.Args[2])
	if err != nil {
		panic(err)
	}
	suite, _ := strconv.ParseUint(os.Args[3], 0, 16)
	version, _ := strconv.ParseUint(os.Args[4], 0, 16)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{certificate},
		CipherSuites: []uint16{uint16(suite)},
		MinVersion:   uint16(version),
		MaxVersion:   uint16(version),
	})
	if err != nil {
		panic(err)
	}
	fmt.Println("ACCEPT", listener.Addr())
	connection, err := listener.Accept()
	if err != nil {
		panic(err)
	}
	connection.(*tls.Conn).Handshake()
}
