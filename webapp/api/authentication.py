"""How a request says who it is from."""

from rest_framework.authentication import SessionAuthentication as BaseSessionAuthentication
from rest_framework.authentication import TokenAuthentication as BaseTokenAuthentication

SessionAuthentication = BaseSessionAuthentication
TokenAuthentication = BaseTokenAuthentication
