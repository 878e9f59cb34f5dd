module reality

go 1.26

// As the Go of the time read certificates: a negative serial number is no error until 1.23.
godebug x509negativeserial=1

require (
	github.com/go-sql-driver/mysql v1.5.0
	github.com/lib/pq v1.10.7
)
