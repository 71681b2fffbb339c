#!/bin/sh
# The rights of cxpulse in a cluster with authorisation: it reads its topics and is a member of its group. It may do nothing on the cluster, write
# nothing and create nothing.
#
#   deploy/kafka/acls.sh kafka-1:9093 admin.properties | sh
#
# The script prints the commands, so that you can read them first; the pipe runs them. admin.properties is the client configuration of a user who may
# change ACLs. Names are exact and never prefixes, because a prefix would also cover topics that do not exist yet.
set -eu

brokers=${1:?"usage: $0 BROKERS ADMIN_PROPERTIES"}
properties=${2:?"usage: $0 BROKERS ADMIN_PROPERTIES"}

# The user of kafka.properties."sasl.username", or the subject of its certificate.
user=${CXPULSE_USER:-User:cxpulse}
group=${CXPULSE_GROUP:-cxpulse}
topics=${CXPULSE_TOPICS:-tickets chats surveys customers}

acls="kafka-acls.sh --bootstrap-server $brokers --command-config $properties --add --allow-principal '$user' --resource-pattern-type literal"

for topic in $topics; do
    # Read includes Describe.
    echo "$acls --operation Read --topic $topic"
    # Only for `cxpulse check --connect`, which then compares retention and timestamps with the configuration. May be left out.
    echo "$acls --operation DescribeConfigs --topic $topic"
done
echo "$acls --operation Read --group $group"
