module reality

go 1.26

// As the Go of the time read certificates: a negative serial number is no error until 1.23.
godebug x509negativeserial=1

require (
	github.com/denisenkom/go-mssqldb v0.0.0-20170717000000-8fccfc8
	golang.org/x/crypto v0.55.0
	golang.org/x/net v0.58.0
)
